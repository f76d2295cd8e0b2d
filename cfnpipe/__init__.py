"""Infrastructure changes on AWS that go through Git, a reviewed change set and an approval."""

__version__ = "0.1.0"
