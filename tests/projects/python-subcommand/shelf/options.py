import argparse


def parse():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    commands.add_parser("list")
    serving = commands.add_parser("serve")
    serving.add_argument("--port", type=int, default=8080)
    serving.add_argument("--host", default="0.0.0.0")
    return parser.parse_args()
