"""The other peer: nginx with nchan. `python -m tests.bench.nchan_server` prints its port and the
serving process, and posts a frame every 50 ms.
"""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from tests.bench.frames import EVERY, html

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
load_module {module};
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location /sub {{ nchan_subscriber eventsource; nchan_channel_id all; }}
    location /pub {{ nchan_publisher; nchan_channel_id all; nchan_message_buffer_length 100; }}
  }}
}}
"""


def main() -> None:
    if shutil.which("nginx") is None or not MODULE.exists():
        sys.exit("nginx with nchan is not installed: apt-get install libnginx-mod-nchan")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "nginx.conf")
        config.write_text(CONFIG.format(folder=folder, module=MODULE, port=port))
        nginx = subprocess.Popen(["nginx", "-c", str(config), "-p", folder])
        try:
            asyncio.run(publish(port, nginx.pid))
        finally:
            nginx.terminate()
            nginx.wait()


async def publish(port: int, pid: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await _first(client)
        sys.stdout.write(json.dumps({"port": port, "pid": pid}) + "\n")
        sys.stdout.flush()
        while not ended.is_set():
            await asyncio.sleep(EVERY)
            await client.post("/pub", content=html())


async def _first(client: httpx.AsyncClient) -> None:
    for _ in range(100):
        try:
            await client.post("/pub", content=html())
        except httpx.ConnectError:
            await asyncio.sleep(0.05)
        else:
            return
    sys.exit("nginx did not start")


if __name__ == "__main__":
    main()
