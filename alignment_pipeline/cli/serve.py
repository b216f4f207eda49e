"""`alignment serve`: the pages for those outside Dagster.

Belongs here: the command, and starting and ending the server. What the pages show: `serving/application.py`.
"""

from __future__ import annotations

import ipaddress
import os

import click
import uvicorn

from alignment_pipeline.cli.context import Context
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.serving.application import application
from alignment_pipeline.serving.current import Current

#: Added to the process's niceness.
_NICE = 5
LOCAL = ("127.0.0.1", "localhost")


@click.command(epilog="Example: alignment serve. Example: alignment serve --review --allow-host alignment.example.com --user-header X-User")
@click.option("--port", default=3001, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address to listen on. Anything else needs --allow-host.")
@click.option("--allow-host", "hosts", multiple=True, help="Host name under which a proxy serves the pages; may be repeated.")
@click.option("--review", "takes_verdicts", is_flag=True, help="Take verdicts on matches; without it the pages only read.")
@click.option("--user-header", help="Header in which the proxy says who is signed in; verdicts are signed with it.")
def serve(port: int, bind: str, hosts: tuple[str, ...], takes_verdicts: bool, user_header: str | None) -> None:
    """Serve the weekly pack, a search, whole explanations and the match review to browsers.

    There is no login: put a proxy in front that asks for one (docs/served-pages.md)."""
    if not _is_loopback(bind) and not hosts:
        raise ConfigurationError(f"--bind {bind} needs --allow-host NAME: there is no login, so a proxy must stand in front of the pages")
    context = Context()
    # runs on the same machine go first
    os.nice(_NICE)
    current = Current(context.home)
    context.say("reading the published tables ...")
    current.start()
    try:
        app = application(context.home, current, hosts=(*LOCAL, *hosts), takes_verdicts=takes_verdicts, user_header=user_header)
        config = uvicorn.Config(
            app, host=bind, port=port, log_level="warning", access_log=False, server_header=False, proxy_headers=False, lifespan="off"
        )
        server = uvicorn.Server(config)
        bound = config.bind_socket()
        # who reads the address below can connect at once
        bound.listen(128)
        click.echo(f"http://{'localhost' if _is_loopback(bind) else bind}:{bound.getsockname()[1]}")
        context.say("Ctrl-C ends it.")
        server.run(sockets=[bound])
    finally:
        current.stop()


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
