#!/usr/bin/env python3
"""The house rules."""
