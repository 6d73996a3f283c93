from flask import Flask

app = Flask(__name__)


@app.route("/status/<codes>")
def status(codes):
    return codes


if __name__ == "__main__":
    # For development.
    app.run(port=5000)
