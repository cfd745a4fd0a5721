"""A certificate authority of the test's: certificates that end when it says so."""

import ssl
import subprocess
import time
from pathlib import Path

_CONFIG = """
[ca]
default_ca = all
[all]
new_certs_dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
certificate = {folder}/authority.crt
private_key = {folder}/authority.key
default_md = sha256
policy = any
unique_subject = no
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost,IP:127.0.0.1
"""


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def _new_key(certificate, key, name, *arguments):
    _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", certificate,
             *arguments)


class Issued:
    """A certificate for this machine with its key, as files."""

    def __init__(self, certificate, key, end):
        self.certificate, self.key, self.end = certificate, key, end

    def has_expired(self):
        return time.time() > self.end + 1  # the second that a certificate names is still its own

    def put(self, certificate, key):
        """In the place of another one: each file is there as a whole or not at all, but there is a time between them."""
        for source, target in ((self.key, key), (self.certificate, certificate)):
            fresh = Path(target).with_suffix(".new")
            fresh.write_bytes(source.read_bytes())
            fresh.rename(target)


class Authority:
    def __init__(self, folder, name="authority"):
        self._folder = Path(folder) / name
        self._folder.mkdir()
        self._count = 0
        self.certificate = self._folder / "authority.crt"
        _new_key(self.certificate, self._folder / "authority.key", name, "-x509", "-days", "2")
        (self._folder / "index.txt").touch()
        (self._folder / "serial").write_text("1000\n")
        (self._folder / "ca.conf").write_text(_CONFIG.format(folder=self._folder))

    def issue(self, seconds=86_400):
        """A certificate that has been valid for an hour and is for so many seconds from now, which may be less than none."""
        self._count += 1
        certificate, key, request = (self._folder / f"{self._count}.{kind}" for kind in ("crt", "key", "csr"))
        _new_key(request, key, f"localhost {self._count}", "-new")
        end = int(time.time()) + seconds
        begin_text, end_text = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(when)) for when in (end - seconds - 3600, end))
        _openssl("ca", "-batch", "-notext", "-config", self._folder / "ca.conf", "-startdate", begin_text, "-enddate", end_text, "-in", request,
                 "-out", certificate)
        return Issued(certificate, key, end)

    def client_context(self, issued=None):
        """For Python's clients: trusts this authority, and shows a certificate if there is one."""
        context = ssl.create_default_context(cafile=self.certificate)
        if issued:
            context.load_cert_chain(issued.certificate, issued.key)
        return context
