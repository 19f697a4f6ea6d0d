"""A printer that behaves: what is read is what is there."""

from loopback import HOME, own

from agent.core.model import Address, Credential
from agent.snmp.oid import oid

SYSTEM = {(1, 3, 6, 1, 2, 1, 1, 1, 0): b"Kyocera", (1, 3, 6, 1, 2, 1, 1, 3, 0): 4711}
SUPPLIES = "1.3.6.1.2.1.43.11.1.1"
PUBLIC = Credential(name="public")


def table(root, rows, columns=1):
    return {
        (*map(int, root.split(".")), column, 1, row): 1000 * column + row
        for column in range(1, columns + 1)
        for row in range(1, rows + 1)
    }


async def test_values_that_are_there_are_read_and_others_are_absent(agent, engine):
    printer = await agent(SYSTEM)
    reader = engine.create_reader(printer.address, PUBLIC)
    asked = [oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.2.0"), oid("1.3.6.1.2.1.1.3.0")]
    assert await reader.get(asked) == {asked[0]: b"Kyocera", asked[2]: 4711}
    assert reader.learned == "2c bulk 25 20"


async def test_more_oids_than_fit_one_request_are_split(agent, engine):
    printer = await agent(table(SUPPLIES, 45))
    wanted = [oid(f"{SUPPLIES}.1.1.{row}") for row in range(1, 46)]
    got = await engine.create_reader(printer.address, PUBLIC).get(wanted)
    assert [got[each] for each in wanted] == list(range(1001, 1046))
    assert [len(question.names) for question in printer.asked] == [20, 20, 5]


async def test_columns_walked_together_come_back_one_after_the_other(agent, engine):
    printer = await agent(table(SUPPLIES, 7, columns=9))
    roots = [oid(f"{SUPPLIES}.{column}") for column in (2, 5, 30)]
    rows = await engine.create_reader(printer.address, PUBLIC).walk(*roots)
    assert [value for _, value in rows] == [*range(2001, 2008), *range(5001, 5008)]
    assert all(len(q.names) * q.repetitions <= 60 for q in printer.asked)


async def test_a_printer_that_speaks_only_v1_is_found_out_and_walked(agent, engine):
    printer = await agent(table(SUPPLIES, 30), versions=(0,))
    reader = engine.create_reader(printer.address, PUBLIC)
    rows = await reader.walk(oid(SUPPLIES))
    assert [value for _, value in rows] == list(range(1001, 1031))
    assert reader.learned == "1 next 25 20"


async def test_a_printer_whose_first_v2c_packet_was_lost_is_not_taken_for_one_of_v1(agent, engine):
    lost = []

    def lose_the_first(question, response):
        if question.version == 1 and not lost:
            lost.append(question)
            return []
        return [response]

    printer = await agent(table(SUPPLIES, 30), bend=lose_the_first)
    reader = engine.create_reader(printer.address, PUBLIC)
    assert len(await reader.walk(oid(SUPPLIES))) == 30
    assert lost
    assert reader.learned == "2c bulk 25 20"


async def test_it_works_over_ipv6(agent, engine):
    printer = await agent(SYSTEM, host="::1")
    reader = engine.create_reader(Address("0:0:0:0:0:0:0:1", printer.address.port), PUBLIC)
    assert await reader.get([oid("1.3.6.1.2.1.1.3.0")]) == {oid("1.3.6.1.2.1.1.3.0"): 4711}


async def test_a_sweep_hears_whoever_answers(agent, engine):
    printers = [await agent(SYSTEM) for _ in range(5)]
    wanted = (oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.1.2.0"))
    silent = [Address(HOME, 9), Address(own("0.9"), 9)]
    addresses = [*silent, *(printer.address for printer in printers)]
    found = {address: values async for address, values in engine.probe_addresses(addresses, PUBLIC, wanted)}
    assert found == {printer.address: {wanted[0]: 4711} for printer in printers}
