"""Test templates: a pytest plugin, and the contracts that each rendered project must fulfil.

`dockgen.testing.plugin` has the fixtures and options, `dockgen.testing.test_contracts` the tests.
docs/testing.md explains how to use them. Both need the extra ``testing``.
"""
