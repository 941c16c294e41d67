"""A page in the browser, served from this computer: a photo in, what hides its faces shown and edited, and out."""

from tfinpaint.page.app import create_app
from tfinpaint.page.limits import Limits

__all__ = ["Limits", "create_app"]
