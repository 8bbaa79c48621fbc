"""The rules of mails and bells. Pure: no driver, no clock, no event loop."""
