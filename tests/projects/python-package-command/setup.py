"""Reads what it needs from a file."""

from setuptools import find_packages, setup


def requirements(name):
    with open("requirements/" + name) as lines:
        return lines.read().splitlines()


setup(
    name="petals",
    version="1",
    packages=find_packages(),
    install_requires=requirements("default.txt"),
    tests_require=requirements("test.txt"),
    entry_points={"celery.commands": ["petals = petals.command:petals"]},
)
