"""Everything is in setup.cfg, but for the one mapping that it cannot express."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["tfinpaint", "tfinpaint.*"]), "tfinpaint._zoo"],
    package_dir={"tfinpaint._zoo": "zoo"},  # cards and weights travel inside the wheel
    package_data={
        "tfinpaint": ["_third_party/*", "_third_party/*/*"],
        "tfinpaint._zoo": ["*/*"],
        "tfinpaint.evaluation.benchmark": ["*.json", "*/faces.*"],
        "tfinpaint.evaluation.report": ["*.css"],
    },
)
