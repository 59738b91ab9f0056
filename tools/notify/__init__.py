"""Notifications out of the house: a signed webhook, a chat that speaks Slack's format, mail. One way out for HTTP."""
