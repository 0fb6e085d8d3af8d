"""What an editor says about the policy, asked of yaml-language-server itself."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sources

TOP = Path(__file__).parents[2]
SERVER = "yaml-language-server@2.0.0"


class Editor:
    """A client of the language server, as far as these tests need one."""

    def __init__(self, server: Path, folder: Path) -> None:
        self._process = subprocess.Popen([server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._folder = folder
        self._asked = 0
        self._diagnostics: dict[str, list[str]] = {}
        self._ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self._tell("initialized", {})
        settings = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "completion": True}}
        self._tell("workspace/didChangeConfiguration", {"settings": settings})

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def problems(self, name: str, text: str) -> list[str]:
        """The messages of a file that was opened."""
        uri = self._open(name, text)
        while uri not in self._diagnostics:
            self._take()
        return self._diagnostics[uri]

    def completions(self, name: str, text: str, line: int, character: int) -> list[str]:
        uri = self._open(name, text)
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return [item["label"] for item in self._ask("textDocument/completion", place)["items"]]

    def _open(self, name: str, text: str) -> str:
        uri = (self._folder / name).as_uri()
        item = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": item})
        return uri

    def _ask(self, method: str, parameters: Any) -> Any:
        self._asked += 1
        number = self._asked
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            message = self._take()
            if message.get("id") == number and "method" not in message:
                return message["result"]

    def _tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0"} | message).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _take(self) -> dict[str, Any]:
        """The next message; requests of the server are answered with nothing."""
        stream = self._process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(stream.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            told = message["params"]
            self._diagnostics[told["uri"]] = [one["message"] for one in told["diagnostics"]]
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": None})
        return message


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    npm = shutil.which("npm")
    if npm is None:
        assert os.environ.get("CI") != "true", "CI needs node and npm"
        pytest.skip("there is no npm on the PATH")
    folder = tmp_path_factory.mktemp("server")
    command = [
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(folder),
        SERVER,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode and os.environ.get("CI") != "true":
        pytest.skip("yaml-language-server cannot be installed")
    assert done.returncode == 0, done.stderr
    client = Editor(folder / "node_modules" / ".bin" / "yaml-language-server", TOP)
    yield client
    client.close()


@pytest.mark.parametrize("name", ["policies.yaml", "policies.test.yaml"])
def test_the_shipped_files_have_no_problems(name: str, editor: Editor) -> None:
    assert editor.problems(name, (TOP / name).read_text()) == []


def test_a_misspelt_key_is_marked(editor: Editor) -> None:
    text = (TOP / "policies.yaml").read_text().replace("maxAccessKeyAge: 14", "maxAccesKeyAge: 14")
    told = editor.problems("wrong.yaml", text)
    assert [one for one in told if "maxAccesKeyAge" in one] != []
    assert [one for one in told if "maxAccessKeyAge" in one] != []


def test_a_number_out_of_range_is_marked(editor: Editor) -> None:
    text = (TOP / "policies.yaml").read_text().replace("maxAccessKeyAge: 14", "maxAccessKeyAge: 0")
    assert editor.problems("zero.yaml", text) != []


def test_keys_and_values_are_completed(editor: Editor) -> None:
    head = "# yaml-language-server: $schema=schema/policies.schema.json\nversion: 1\ndefault: {maxAccessKeyAge: 90}\n"
    rule = head + "rules:\n  - id: a\n    \n"
    assert {"accounts", "users", "maxAccessKeyAge", "remediation"} <= set(editor.completions("a.yaml", rule, 5, 4))
    action = head + "remediation:\n  action: \n"
    assert {"none", "deactivate", "delete"} <= set(editor.completions("b.yaml", action, 4, 10))
