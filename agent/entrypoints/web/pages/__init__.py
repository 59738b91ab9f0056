"""The pages people meet: server-rendered templates, one style sheet, one small script; nothing from elsewhere."""
