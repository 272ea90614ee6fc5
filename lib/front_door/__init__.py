"""ASGI middleware in front of Streamlit, for all requests and websockets."""

from lib.front_door.door import Access, FrontDoor
from lib.front_door.hosts import HostRules
from lib.front_door.listening import ListeningError, check_hosts, check_listening, is_loopback
from lib.front_door.uploads import UploadBudget, UploadLimits

__all__ = [
    "Access",
    "FrontDoor",
    "HostRules",
    "ListeningError",
    "UploadBudget",
    "UploadLimits",
    "check_hosts",
    "check_listening",
    "is_loopback",
]
