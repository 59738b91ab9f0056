"""Telling people what happened: from lines of the audit log to notices, and from notices to their receivers."""
