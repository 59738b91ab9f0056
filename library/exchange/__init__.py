"""Prompts in the files of other tools: one module per format, text in, nouns out, and back; no disk, no store.

`carried` is what travels; `dialect` reads their templates; each format refuses logic that is not a plain variable.
"""
