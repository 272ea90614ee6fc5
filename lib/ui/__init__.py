"""The parts of the interface that pages share."""
