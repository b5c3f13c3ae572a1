"""Where the parts are put together: the only place that names concrete ones; all others know protocols.

`makers` says what this installation can make, `steps` what a step needs wherever it runs, `service` is the whole
service, and `worker` is one that runs steps for a service elsewhere.
"""

from kinescribe_server.app.checking import check_film
from kinescribe_server.app.makers import maker_table
from kinescribe_server.app.service import Service, run_service
from kinescribe_server.app.worker import run_worker
from kinescribe_server.data_folder import DataFolderInUseError
from kinescribe_server.jobs.errors import MakeError

__all__ = [
    "DataFolderInUseError",
    "MakeError",
    "Service",
    "check_film",
    "maker_table",
    "run_service",
    "run_worker",
]
