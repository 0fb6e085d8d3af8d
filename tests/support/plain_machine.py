"""What the tests may see of the machine they run on, which is little: else they pass here and fail elsewhere."""

import os
import signal
import tempfile
import time

# A name or the beginning of one. Where programs and their libraries are, what reaches the package indexes,
# what tells the tests what to do, and what pytest needs for its workers.
SEEN = (
    *("PATH", "LD_LIBRARY_PATH", "TMPDIR", "CI"),
    *("PIP_", "NPM_CONFIG_", "npm_config_", "NODE_EXTRA_CA_CERTS", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY"),
    *("http_proxy", "https_proxy"),
    *("KEYAGE_TESTED_AS", "KEYAGE_TF_PLUGIN_DIR", "KEYAGE_FAULT_"),
    *("PYTEST_", "COV_", "COVERAGE_"),
)
SET = {
    "LANG": "C.UTF-8",
    "TZ": "FAR-13:45",  # far from UTC, so that a time without a zone is seen
    "NO_PROXY": "127.0.0.1,localhost",
    # Nobody's identity, signatures or hooks.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def enter() -> tempfile.TemporaryDirectory[str]:
    """Make this process and those it starts forget the machine; gives the home folder, which lasts as long as it."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(SEEN)}
    home = tempfile.TemporaryDirectory(prefix="keyage-home-", ignore_cleanup_errors=True)
    os.environ.clear()
    os.environ.update(kept | SET | {"HOME": home.name})
    time.tzset()
    os.umask(0o022)
    # `nohup` and many CI runners start programs with signals that are ignored or blocked, and that is inherited.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    return home
