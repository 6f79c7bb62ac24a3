#!/usr/bin/env python3
"""Checks an export against the roots of its hunt (proof.md), without anything of the engine:
python3 check_proof.py export.ndjson https://hunt.example/v1/hunts/harbour-nights/proof
python3 check_proof.py export.ndjson roots.json [more pages of roots]"""
import base64, hashlib, json, sys, urllib.request

def sha(data): return hashlib.sha256(data).digest()
def text(digest): return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

def tree(leaves):  # RFC 6962, section 2.1
    if len(leaves) < 2: return leaves[0] if leaves else sha(b"")
    split = 1
    while split * 2 < len(leaves): split *= 2
    return sha(b"\1" + tree(leaves[:split]) + tree(leaves[split:]))

def pages(places):
    for place in places:
        if not place.startswith("http"):
            with open(place, "rb") as file: yield json.load(file)
            continue
        page = {"cursor": "0"}
        while "cursor" in page:
            with urllib.request.urlopen(place + "?cursor=" + page["cursor"]) as told: page = json.load(told)
            yield page

leaves, last, before = {}, {}, ""
for number, line in enumerate(open(sys.argv[1], "rb"), 1):
    line = line[:-1] if line.endswith(b"\n") else line
    try: fact = json.loads(line)
    except ValueError: sys.exit(f"line {number}: no JSON text")
    shard, seq, at = fact.get("shard", ""), fact.get("seq"), line.rfind(b',"person":')
    if at >= 0:  # the last member: what is personal, which the fact has a commitment to
        if fact.get("personal") != text(sha(line[at + 10:-1])): sys.exit(f"line {number}: not the person it commits to")
        line = line[:at] + b"}"
    if shard < before or seq != last.get(shard, 0) + 1: sys.exit(f"line {number}: not the fact that comes next")
    before, last[shard], leaves[shard, seq] = shard, seq, (sha(b"\0" + line), number)

previous, done, proven = None, {}, 0
for root in [root for page in pages(sys.argv[2:]) for root in page["roots"]]:
    keys = [(p["shard"], s) for p in root["shards"] for s in range(p["seq"] - p["leaves"] + 1, p["seq"] + 1)]
    if root["previous"] != previous or any(done.get(p["shard"], 0) != p["seq"] - p["leaves"] for p in root["shards"]):
        sys.exit(f"the root of {root['at']} does not follow the one before it")
    for key in keys:
        if key not in leaves: sys.exit(f"fact {key[1]} of {key[0]} is left out")
    if text(tree([leaves[key][0] for key in keys])) != root["root"]:
        sys.exit(f"one of lines {leaves[keys[0]][1]} to {leaves[keys[-1]][1]} is not as the root of {root['at']} has it")
    previous, proven = root["root"], proven + len(keys)
    done.update((p["shard"], p["seq"]) for p in root["shards"])
print(f"{proven} facts proven, {len(leaves) - proven} newer than the last root")
