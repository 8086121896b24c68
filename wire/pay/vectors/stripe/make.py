"""Makes golden vectors with Stripe's own SDK for Python: what it sends and what it makes of errors.

  pip install stripe==16.1.0      (anywhere; it is not part of this repository)
  python3 make.py IN OUT

reads calls.json, answers.json and keys.json from the folder IN, and writes requests.pypi.json and errors.pypi.json into
the folder OUT. It also judges OUT/webhooks.json, which make.mjs wrote, and fails if it judges otherwise.
"""

import json
import pathlib
import sys
import threading
import unittest.mock
from http.server import BaseHTTPRequestHandler, HTTPServer

import stripe

source, out = map(pathlib.Path, sys.argv[1:3])
keys = json.loads((source / "keys.json").read_text())
calls = json.loads((source / "calls.json").read_text())
answer = {"status": 200, "body": "{}"}
received = {}


class Stripe(BaseHTTPRequestHandler):
    """A Stripe that keeps what it was sent and answers what it is told to."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        kept = ["authorization", "stripe-version", "idempotency-key", "content-type"]
        headers = {name: self.headers[name] for name in kept if name in self.headers}
        received.update(method=self.command, target=self.path, headers=headers, body=body)
        reply = answer["body"].encode()
        self.send_response(answer["status"])
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_POST = do_GET

    def log_message(self, *args):
        pass


def save(file, value):
    (out / file).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


server = HTTPServer(("127.0.0.1", 0), Stripe)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = stripe.StripeClient(
    keys["api_key"],
    base_addresses={"api": f"http://127.0.0.1:{server.server_port}"},
    max_network_retries=0,
)


def call(one):
    service = client.v1
    for name in one["service"].split("."):
        service = getattr(service, name)
    args = [one["id"]] if "id" in one else []
    options = {"idempotency_key": one["key"]} if "key" in one else {}
    getattr(service, one["method"])(*args, params=one["params"], options=options)


requests = []
for one in calls:
    answer["body"] = '{"object":"list","data":[],"has_more":false,"url":"/"}' if one["method"] == "list" else "{}"
    call(one)
    requests.append({"name": one["name"], **received})
save("requests.pypi.json", requests)

errors = []
get_payment = next(one for one in calls if one["name"] == "get payment")
for case in json.loads((source / "answers.json").read_text()):
    answer.update(status=case["status"], body=json.dumps({"error": case["error"]}))
    try:
        call(get_payment)
        raised = None
    except stripe.StripeError as problem:
        raised = type(problem).__name__
    errors.append({"name": case["name"], "status": case["status"], "body": answer["body"], "raised": raised})
save("errors.pypi.json", errors)
server.shutdown()

# The SDK for Node takes the last of two times and drops letters behind a time; this one does neither.
DIFFERS = {"two times", "a time with letters"}
for case in json.loads((out / "webhooks.json").read_text()):
    secret = case.get("secret", keys["endpoint_secret"])
    with unittest.mock.patch("stripe._webhook.time.time", lambda: case["now_unix_s"]):
        try:
            stripe.Webhook.construct_event(case["body"], case["header"], secret)
            valid = True
        except stripe.SignatureVerificationError:
            valid = False
    if valid != case["valid"] and case["name"] not in DIFFERS:
        sys.exit(f"this SDK judges {case['name']!r} otherwise: {valid}")
