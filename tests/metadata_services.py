"""The metadata services of clouds, and Docker's, as far as detectors ask them; on Python's http.server. Any path can be made to fail or hang."""

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EC2_TOKEN = "a-token"
EC2 = {
    "/latest/dynamic/instance-identity/document": json.dumps({
        "accountId": "123456789012", "availabilityZone": "eu-west-1b", "region": "eu-west-1", "instanceId": "i-0abc", "imageId": "ami-1",
        "instanceType": "m5.large", "devpayProductCodes": None}, indent=2),
    "/latest/meta-data/hostname": "ip-10-0-0-1.eu-west-1.compute.internal",
    "/latest/meta-data/tags/instance": "Name\nteam\nsecret",
    "/latest/meta-data/tags/instance/Name": "web-1",
    "/latest/meta-data/tags/instance/team": "shop",
    "/latest/meta-data/tags/instance/secret": "x",
}
GCP = {
    "/computeMetadata/v1/?recursive=true": json.dumps({
        "instance": {"id": 7234567890123456789, "name": "vm-1", "hostname": "vm-1.internal", "zone": "projects/42/zones/us-central1-c",
                     "machineType": "projects/42/machineTypes/n1-standard-1",
                     "attributes": {"cluster-name": "my-cluster", "cluster-location": "us-central1", "script": "#!/bin/sh\necho \"${x}: y\"\t# z\n"}},
        "project": {"projectId": "my-project", "numericProjectId": 42}}),
}
AZURE = {
    "/metadata/instance/compute?api-version=2020-09-01&format=json": json.dumps({
        "location": "westeurope", "name": "vm-name", "vmId": "02aab8a4", "vmSize": "Standard_A3", "subscriptionId": "8d10da13", "zone": "1",
        "resourceGroupName": "MC_group_cluster_westeurope", "vmScaleSetName": "set-1", "osProfile": {"computerName": "computer"},
        "tagsList": [{"name": "team", "value": "shop"}, {"name": "other", "value": "x"}]}),
}
DOCKER = {"/info": json.dumps({"Name": "docker-host", "OSType": "linux", "Containers": 3})}


class _UnixServer(ThreadingHTTPServer):
    address_family = socketserver.socket.AF_UNIX

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", 0

    def get_request(self):
        request, _ = super().get_request()
        return request, ("unix", 0)


class MetadataService:
    """`answers` by path; `demand` is a header that every GET must have, with its value."""

    def __init__(self, answers, demand=None, path=None):
        self.answers, self.asked, self.is_silent = dict(answers), [], False
        self._is_over = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, text=""):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_PUT(self):
                service.asked.append(self.path)
                has_ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
                self.answer(200, EC2_TOKEN) if self.path == "/latest/api/token" and has_ttl else self.answer(400)

            def do_GET(self):
                service.asked.append(self.path)
                if service.is_silent:
                    service._is_over.wait(60)
                if demand and self.headers.get(demand[0]) != demand[1]:
                    return self.answer(403)
                text = service.answers.get(self.path)
                return self.answer(404) if text is None else self.answer(200, text)

            def log_message(self, *_):
                pass

        server = _UnixServer(path, Handler) if path else ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self._server = server
        self.endpoint = f"unix://{path}" if path else f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._server.shutdown()
        self._server.server_close()
