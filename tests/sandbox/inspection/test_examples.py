"""What Argyle's reference prints, tried on the sandbox as it stands there."""

import base64
import json
import shlex
import shutil
import subprocess
import time

import pytest
import requests

from argyle_nb.sandbox import Sandbox

# The lines of the reference; only host, key and user are put in.
UPLOAD = """
curl --request POST \
  --url {url}/v2/user-uploads \
  --header 'Authorization: Basic {key}' \
  --header 'Content-Type: multipart/form-data' \
  --form user={user} \
  --form document_type=paystubs \
  --form upload='@example-file'
"""


def encoded_key(sandbox):
    return base64.b64encode(f"{sandbox.api_key_id}:{sandbox.api_key_secret}".encode()).decode()


def get(sandbox, url):
    key = (sandbox.api_key_id, sandbox.api_key_secret)
    answer = requests.get(url, auth=key, timeout=60)
    assert answer.status_code == 200
    return answer


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_the_printed_curl_command_uploads_a_document(sandbox, user, pdf, tmp_path):
    shutil.copy(pdf, tmp_path / "example-file")
    command = shlex.split(UPLOAD.format(url=sandbox.url, key=encoded_key(sandbox), user=user.id))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    upload = json.loads(done.stdout)
    assert (upload["document_type"], upload["file_name"]) == ("paystubs", "example-file")
    assert get(sandbox, upload["file_url"]).content == pdf.read_bytes()


def eventually(condition):
    deadline = time.monotonic() + 60
    while not (result := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return result


@pytest.mark.parametrize(("null_style", "nothing"), [("null", None), ("empty", {})])
def test_metadata_that_are_not_there_are_null_or_empty_as_both_examples_print(
    tmp_path, pdf, null_style, nothing
):
    with Sandbox(tmp_path, null_style=null_style, stage_seconds=0) as sandbox:
        key = (sandbox.api_key_id, sandbox.api_key_secret)
        user = requests.post(f"{sandbox.url}/v2/users", auth=key, json={}, timeout=60).json()["id"]
        with pdf.open("rb") as document:
            new = requests.post(
                f"{sandbox.url}/v2/user-uploads",
                auth=key,
                data={"user": user, "document_type": "paystubs"},
                files={"upload": document},
                timeout=60,
            ).json()
        assert new["metadata"] == {
            "employment": nothing,
            "ocr_data": nothing,
            "ocr_authenticity": nothing,
            "ocr_authenticity_score": None,
        }
        url = f"{sandbox.url}/v2/user-uploads/{new['id']}"
        eventually(lambda: get(sandbox, url).json()["processing"]["authenticity"] == "completed")
        metadata = get(sandbox, url).json()["metadata"]
        assert metadata.pop("employment") == nothing
        assert all(metadata.values())
