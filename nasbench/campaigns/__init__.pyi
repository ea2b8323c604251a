from .campaign import Campaign as Campaign
from .campaign import open_campaign as open_campaign
from .proposals import suggest as suggest

__all__: list[str]
