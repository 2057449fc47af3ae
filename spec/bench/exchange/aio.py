"""The exchanges through aiohttp.

aio.py URL WORK AT_ONCE SECONDS [CA_FILE]; WORK and what it prints: see raw.c.
"""
import asyncio
import json
import resource
import ssl
import sys
import time

import aiohttp

URL, WORK, AT_ONCE, SECONDS = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
WARM, PAUSE = 0.3, 0.001
INPUT = {"input": {
    "operationType": "NEW_ESIM", "countryCode": "PT", "customer": {"email": "traveller@example.com"},
    "device": {"id": "1", "type": "ios"}, "subscriptions": [{"product_id": "cm9k"}]}}


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Count:
    def __init__(self):
        self.count, self.times, self.first, self.last, self.serial = 0, [], None, None, 0
        self.began = time.monotonic()
        self.finish = self.began + WARM + SECONDS

    def note(self, at, now):
        if self.last:
            return False
        if self.first:
            self.count += 1
            if AT_ONCE == 1:
                self.times.append(now - at)
        elif now - self.began >= WARM:
            self.first = now, cpu()
        if now < self.finish:
            return True
        self.last = now, cpu()
        return False

    def correlation(self):
        self.serial += 1
        return f"00000000-0000-4000-8000-{self.serial:012x}"


async def exchange(session, method, path, correlation_id, body=None):
    headers = {
        "Accept": "application/json", "Cache-Control": "no-cache", "Content-Type": "application/json",
        "X-Correlation-ID": correlation_id, "Authorization": "Bearer token"}
    async with session.request(method, URL + path, headers=headers, data=body) as answer:
        text = await answer.read()
        assert answer.status == 200 and len(text) == 400
        return json.loads(text)


async def get(session, c):
    correlation_id, at, more = c.correlation(), time.monotonic(), True
    while more:
        assert (await exchange(session, "GET", "/v1/order/id", correlation_id))["status"] == "FULFILLING"
        now = time.monotonic()
        more = c.note(at, now)
        at = now


async def order(session, c):
    more = True
    while more:
        correlation_id, at = c.correlation(), time.monotonic()
        look = await exchange(session, "POST", "/v1/order", correlation_id, json.dumps(INPUT))
        order_id, more = look["id"], c.note(at, time.monotonic())
        while look["status"] != "COMPLETED":
            await asyncio.sleep(PAUSE)
            at = time.monotonic()
            look = await exchange(session, "GET", "/v1/order/" + order_id, correlation_id)
            more = c.note(at, time.monotonic())


async def main():
    c = Count()
    trust = ssl.create_default_context(cafile=sys.argv[5]) if len(sys.argv) > 5 else None
    connector = aiohttp.TCPConnector(limit=AT_ONCE, ssl=trust)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        await asyncio.gather(*[(order if WORK == "order" else get)(session, c) for _ in range(AT_ONCE)])
    c.times.sort()
    median = c.times[len(c.times) // 2] * 1e6 if c.times else 0
    print(c.count, c.last[0] - c.first[0], c.last[1] - c.first[1], median)


asyncio.run(main())
