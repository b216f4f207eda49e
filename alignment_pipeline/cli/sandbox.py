"""`alignment sandbox`: serves the embedded systems on loopback until stopped."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import click

from alignment_pipeline.cli import embedded_systems
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox import demo_world, persistence
from alignment_pipeline.sandbox.server import Sandbox, serve
from alignment_pipeline.sandbox.tls.gateway import Gateway


@click.command(epilog="Example: alignment sandbox --env-file .env --accounts 200 --people 800 --activities 6000")
@click.option("--seed", default=demo_world.SEED, show_default=True, help="The same seed gives the same organisation.")
@click.option("--accounts", default=demo_world.ACCOUNTS, show_default=True, help="Accounts of real companies.")
@click.option("--people", default=demo_world.PEOPLE, show_default=True, help="Leads and contacts; people are invented.")
@click.option("--activities", default=demo_world.ACTIVITIES, show_default=True, help="Marketo activities of the last six months; invented.")
@click.option("--factor", default=demo_world.FACTOR, show_default=True, help="How fast the sandbox's clock runs.")
@embedded_systems.crm("The embedded CRM.")
@embedded_systems.marketing("The marketing system beside it.")
@embedded_systems.currencies
@click.option("--salesforce-port", default=0, help="Port of the embedded Salesforce (0: a free one).")
@click.option("--marketo-port", default=0, help="Port of the embedded Marketo (0: a free one).")
@click.option(
    "--tls", "with_tls", is_flag=True, help="Also serve the vendors' host names over TLS, behind a CONNECT proxy, for unmodified clients."
)
@click.option("--env-file", type=click.Path(path_type=Path), help="Write the environment variables to this file (a .env file).")
@click.option(
    "--state",
    "state_file",
    type=click.Path(path_type=Path),
    help="Save the sandbox's records here on stop, and load them on the next start.",
)
@click.option("--truth", type=click.Path(path_type=Path), help="Write the right answers to this file; the pipeline never reads it.")
def sandbox(
    seed: int,
    accounts: int,
    people: int,
    activities: int,
    factor: float,
    crm: str,
    marketing: str,
    currencies: int,
    salesforce_port: int,
    marketo_port: int,
    env_file: Path | None,
    state_file: Path | None,
    truth: Path | None,
    with_tls: bool,
) -> None:
    """Serve the embedded Salesforce and Marketo with a demo organisation: real companies, invented people, fictional activity.

    Prints the environment variables that point other commands at it, and runs until you stop it (Ctrl-C).
    """
    if state_file is not None and not demo_world.is_kept(crm, marketing):
        raise ConfigurationError(f"the state of an embedded {demo_world.title(crm, marketing)} is not kept: leave out --state")
    demo_world.check(crm, currencies)
    kept = persistence.load(state_file) if state_file is not None else None
    size = kept[0] if kept is not None else persistence.Size(seed, accounts, people, activities, factor, currencies)
    size = replace(size, factor=factor) if _is_given("factor") else size
    click.echo(f"Making {size.accounts:,} accounts, {size.people:,} people and {size.activities:,} activities ...", err=True)
    world = demo_world.demo_world(
        seed=size.seed,
        accounts=size.accounts,
        people=size.people,
        activities=size.activities,
        factor=size.factor,
        truth=truth,
        crm=crm,
        marketing=marketing,
        currencies=size.currencies,
    )
    if kept is not None:
        persistence.lay_over(world, kept[1])

    gateway = Gateway(world) if with_tls else None

    def started(running: Sandbox) -> None:
        given = gateway.product_environment() if gateway is not None else running.environment()
        environment = demo_world.settings(given, crm, size.currencies)
        if env_file is not None:
            env_file.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()), encoding="utf-8")
            env_file.chmod(0o600)
        for name, value in environment.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        click.echo("Serving until Ctrl-C. Companies are real, people are invented, their activity is fictional.", err=True)

    with gateway or nullcontext():
        serve(world, ports={"salesforce": salesforce_port, "marketo": marketo_port}, started=started)
    if state_file is not None:
        persistence.save(world, size, state_file)


def _is_given(name: str) -> bool:
    """Whether the option was typed: a state's own value gives way only then."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"
