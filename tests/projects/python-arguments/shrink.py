"""Makes files smaller."""

import argparse


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("rest", nargs="*")
    parser.add_argument("-l", "--level", required=True)
    parser.add_argument("--quiet", action="store_true")
    actions = parser.add_subparsers()
    watch = actions.add_parser("watch")
    watch.add_argument("interval")
    parser.parse_args()
