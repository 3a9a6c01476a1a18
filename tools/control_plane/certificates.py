"""Who is who in one control plane: a certificate authority of its own, and what it signs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Longer than any control plane here lives; the hour before forgives a clock that is set back.
VALID_FROM, VALID_FOR = timedelta(hours=-1), timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and its private key, both as PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its public half, both as PEM."""

    private: bytes
    public: bytes


class CertificateAuthority:
    """Signs certificates for the servers and users of one control plane."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "curation-test-ca")])
        unsigned = self._unsigned(self._name, self._key.public_key(), is_authority=True)
        self.certificate = _pem(unsigned.sign(self._key, hashes.SHA256()))

    def issue_client(self, user: str, groups: Sequence[str] = ()) -> Credential:
        """Let the holder speak to the API server as this user, member of these groups."""
        return self._issue(_subject(user, groups), ExtendedKeyUsageOID.CLIENT_AUTH)

    def issue_server(self, *, hosts: Sequence[str], addresses: Sequence[str]) -> Credential:
        """Let the holder serve under these host names and addresses."""
        names = [
            *(x509.DNSName(host) for host in hosts),
            *(x509.IPAddress(IPv4Address(address)) for address in addresses),
        ]
        return self._issue(
            _subject(hosts[0]),
            ExtendedKeyUsageOID.SERVER_AUTH,
            x509.SubjectAlternativeName(names),
        )

    def _issue(
        self, subject: x509.Name, usage: x509.ObjectIdentifier, *extensions: x509.ExtensionType
    ) -> Credential:
        key = ec.generate_private_key(ec.SECP256R1())
        unsigned = self._unsigned(subject, key.public_key(), is_authority=False)
        for extension in (x509.ExtendedKeyUsage([usage]), *extensions):
            unsigned = unsigned.add_extension(extension, critical=False)
        return Credential(_pem(unsigned.sign(self._key, hashes.SHA256())), _private_pem(key))

    def _unsigned(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
            .not_valid_before(now + VALID_FROM)
            .not_valid_after(now + VALID_FOR)
            .add_extension(x509.BasicConstraints(is_authority, path_length=None), critical=True)
        )


def new_key_pair() -> KeyPair:
    """A fresh key pair, for signing service-account tokens."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(_private_pem(key), public)


def _subject(name: str, groups: Sequence[str] = ()) -> x509.Name:
    """Kubernetes takes the user from the common name and the groups from the organizations."""
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
