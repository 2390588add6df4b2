"""Cases with known right answers that any V2G simulator can be held against (docs/acceptance.md)."""
