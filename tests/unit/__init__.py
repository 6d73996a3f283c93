"""The functions of one module: no program is started."""
