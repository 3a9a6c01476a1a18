from tests.support.storage_fixtures import (  # noqa: F401  fixtures and hooks
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_runtest_call,
    pytest_runtest_setup,
    servers,
)
