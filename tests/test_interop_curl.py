"""curl sends OTLP/JSON through vigia: requests that use every field, over HTTP/1.1 and HTTP/2, plain, gzip and TLS. The answer is JSON,
and what arrives is what was sent, field by field.
"""

import base64
import gzip
import json
import subprocess

import pytest
from google.protobuf.json_format import MessageToDict

from configurations import forwarding, otlp_receiver
from otlp_sinks import items
from telemetry import full_request

SIGNALS = ("traces", "metrics", "logs")
HEX_FIELDS = {"traceId", "spanId", "parentSpanId"}
WAYS = {
    "plain": ["--http1.1"],
    "http2": ["--http2-prior-knowledge"],
    "gzip": ["--http1.1", "-H", "Content-Encoding: gzip"],
    "tls": [],  # curl and vigia agree on HTTP/2
}


def with_hex_ids(value, name=""):
    """protobuf's JSON has ids in base64, OTLP's in hexadecimal digits."""
    if isinstance(value, dict):
        return {key: with_hex_ids(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [with_hex_ids(one, name) for one in value]
    return base64.b64decode(value).hex() if name in HEX_FIELDS else value


def otlp_json(request):
    return json.dumps(with_hex_ids(MessageToDict(request, use_integers_for_enums=True))).encode()


def curl(url, body_file, *flags):
    command = ["curl", "-sS", "--noproxy", "*", "--max-time", "20", "-H", "Content-Type: application/json", "--data-binary", f"@{body_file}",
               "-w", "\n%{http_code} %{http_version} %{content_type}", *map(str, flags), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    body, _, facts = done.stdout.rpartition("\n")
    return json.loads(body), facts.split()


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("way", WAYS)
def test_every_field_survives(vigia, http_sink, certificates, tmp_path, way, signal):
    tls = {"cert_file": str(certificates.certificate), "key_file": str(certificates.key)} if way == "tls" else None
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url, "compression": "none"}}, receiver=otlp_receiver(tls=tls)))
    request = full_request(signal)
    body = otlp_json(request)
    body_file = tmp_path / "body"
    body_file.write_bytes(gzip.compress(body) if way == "gzip" else body)
    flags = [*WAYS[way], *(["--cacert", certificates.certificate] if tls else [])]
    scheme = "https" if tls else "http"
    answer, (status, version, content_type) = curl(f"{scheme}://localhost:{process.ports['otlp_http']}/v1/{signal}", body_file, *flags)
    assert (answer, status, content_type) == ({"partialSuccess": {}}, "200", "application/json")
    assert version == ("2" if way in ("http2", "tls") else "1.1")
    expected = items([request])
    assert items(http_sink.wait_for(signal, len(expected))) == expected


def test_a_mistake_is_told_in_json(vigia, http_sink, tmp_path):
    process = vigia(forwarding({"otlphttp": {"endpoint": http_sink.url}}))
    (tmp_path / "body").write_text('{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}')
    answer, (status, _, content_type) = curl(f"http://{process.address('otlp_http')}/v1/traces", tmp_path / "body")
    assert (status, content_type) == ("400", "application/json")
    assert answer["code"] == 3 and "traceId" in answer["message"]
