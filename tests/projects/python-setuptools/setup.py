from setuptools import find_packages, setup

setup(
    name="pages",
    version="1.0",
    packages=find_packages(),
    package_data={"pages": ["*.html"]},
    python_requires=">=3.8",
    install_requires=["pyramid==2.0.2", "setuptools<81", "waitress==3.0.2"],
    entry_points={"console_scripts": ["pages-serve = pages.server:main"]},
)
