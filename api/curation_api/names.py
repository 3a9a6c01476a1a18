"""Every name that goes over the wire or into a bucket, once, with who reads it."""

GROUP = "curation.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

# Labels and annotations on our own Jobs, Pods and ConfigMaps; the operator selects by them.
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "curation-operator"
RUN_LABEL = f"{GROUP}/run"
RUN_UID_LABEL = f"{GROUP}/run-uid"
DATASOURCE_UID_LABEL = f"{GROUP}/datasource-uid"
STAGE_LABEL = f"{GROUP}/stage"
PROBE = "probe"  # the stage label of a Job that looks at the rights of a Datasource
ATTEMPT_LABEL = f"{GROUP}/attempt"
SPEC_HASH_ANNOTATION = f"{GROUP}/spec-hash"
TEMPLATE_HASH_ANNOTATION = f"{GROUP}/template-hash"
OPERATOR_VERSION_ANNOTATION = f"{GROUP}/operator-version"

# On a Job that the operator itself holds back; it lifts no suspension but its own.
SUSPENDED_ANNOTATION = f"{GROUP}/suspended"

# Annotations a user may set; the operator reads them.
REPROBE_ANNOTATION = f"{GROUP}/reprobe"
RECONCILE_ANNOTATION = f"{GROUP}/reconcile"

# What the client writes on objects that it makes; only the client reads them.
ID_LABEL = f"{GROUP}/id"  # the id by which Python code knows the object, to find it again
OWNER_ANNOTATION = f"{GROUP}/owner"  # the user who made it
REQUEST_ANNOTATION = f"{GROUP}/request"  # which call made it, when an answer was lost
PROCESSED_UNTIL_ANNOTATION = f"{GROUP}/processed-until"  # what was listed as new, in unix seconds

# Labels of Kueue: on a Job, which Kueue reads, and on the Workload that it makes for it.
QUEUE_NAME_LABEL = "kueue.x-k8s.io/queue-name"
JOB_UID_LABEL = "kueue.x-k8s.io/job-uid"

# A node that carries this label with a run's `runsOn` entry at the end may run it.
WORKER_LABEL_PREFIX = f"worker.{GROUP}/"

# Who owns which field of an object, for the API server.
STATUS_FIELD_MANAGER = "curation-operator"
CLIENT_FIELD_MANAGER = "curation-client"

# Keys of the Secrets that users make; the job and the client read them.
S3_ACCESS_KEY_ID = "accessKeyId"
S3_SECRET_ACCESS_KEY = "secretAccessKey"  # noqa: S105  the name of a key
S3_SESSION_TOKEN = "sessionToken"  # noqa: S105  the name of a key
S3_EXTERNAL_ID = "externalId"
GCS_CREDENTIALS = "credentials.json"
AZURE_SAS_TOKEN = "sasToken"  # noqa: S105  the name of a key
AZURE_ACCOUNT_KEY = "accountKey"
AZURE_CONNECTION_STRING = "connectionString"

# Paths in the LIGHTLY bucket, below the resource path.
DERIVED = ".lightly"
RUNS = f"{DERIVED}/runs"
SAMPLES = f"{DERIVED}/samples"
TAGS = f"{DERIVED}/tags"
CACHE = f"{DERIVED}/cache"
DATAPOOL = f"{DERIVED}/datapool"
FRAMES = f"{DERIVED}/frames"
CROPS = f"{DERIVED}/crops"
METADATA = f"{DERIVED}/metadata"
PREDICTIONS = f"{DERIVED}/predictions"
EMBEDDINGS = f"{DERIVED}/embeddings"
SUCCESS_FILE = "_SUCCESS.json"

DEFAULT_THUMBNAIL_SUFFIX = f"{DERIVED}/thumbnails/[filename]_thumb.[extension]"
INITIAL_TAG = "initial-tag"
PRETAGGING_TASK = "lightly_pretagging"
WORKER_METADATA_PREFIX = "lightly."

# Where a worker shows its progress; the operator and Prometheus read it.
WORKER_PORT = 9400
PROGRESS_PATH = "/progress"

# Keys of the ConfigMaps that the operator makes: what `run` and `probe` are given with --config.
JOB_CONFIG_FILE = "job.json"
PROBE_CONFIG_FILE = "probe.json"

# The environment of a worker; the operator sets it. Folders are told, so that none is a secret
# agreement: secrets lie there one file per key, volumes one folder per claim.
INPUT_SECRETS_VARIABLE = "CURATION_INPUT_SECRETS"
LIGHTLY_SECRETS_VARIABLE = "CURATION_LIGHTLY_SECRETS"
VOLUMES_VARIABLE = "CURATION_VOLUMES"
TERMINATION_LOG_VARIABLE = "CURATION_TERMINATION_LOG"
# The address of the Pod; a worker shows its progress there, at WORKER_PORT.
POD_IP_VARIABLE = "CURATION_POD_IP"
# Which shard this is; Kubernetes sets it in the Pods of an Indexed Job.
SHARD_VARIABLE = "JOB_COMPLETION_INDEX"
