"""Proof for templates: a pytest plugin, and the contracts that each rendered project is held to.

`dockgen.testing.plugin` has the fixtures and options, `dockgen.testing.test_contracts` the tests.
docs/testing.md tells how to use them. Both need the extra ``testing``.
"""
