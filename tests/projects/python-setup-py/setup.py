from setuptools import find_packages, setup

setup(
    name="pages",
    version="1.0",
    packages=find_packages(),
    python_requires=">=3.6,<3.12",
    install_requires=["pyramid", "waitress"],
    entry_points={"console_scripts": ["pages-serve = pages.server:main"]},
)
