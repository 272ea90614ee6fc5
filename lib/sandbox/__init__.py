"""The simulated Connectly API: real HTTP on this machine, and nothing leaves it.

``python -m lib.sandbox --port 8502`` starts it; ``/sandbox/inbox`` shows what each phone would have
received. A scenario file (`Scenario`) chooses between the behaviours that the vendor's page leaves
open, and adds faults.
"""

from lib.sandbox.app import create_app
from lib.sandbox.campaigns import Campaign
from lib.sandbox.faults import Fault
from lib.sandbox.record import Record
from lib.sandbox.scenario import Scenario

__all__ = ["Campaign", "Fault", "Record", "Scenario", "create_app"]
