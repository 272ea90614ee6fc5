"""A simulated Connectly API that listens on this machine only and sends no messages.

Start it with ``python -m lib.sandbox --port 8502``. ``/sandbox/inbox`` shows the messages that each
phone would have received. A scenario file (`Scenario`) adds faults and selects between behaviours
that Connectly's documentation leaves open.
"""

from lib.sandbox.app import create_app
from lib.sandbox.campaigns import Campaign
from lib.sandbox.faults import Fault
from lib.sandbox.record import Record
from lib.sandbox.scenario import Scenario

__all__ = ["Campaign", "Fault", "Record", "Scenario", "create_app"]
