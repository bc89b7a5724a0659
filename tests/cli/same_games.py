"""tests/cli/same_games.py - REPLAY SHARD..: exit status 0 if the games of an uncompressed replay file of
blob-train (host/replay/replay_file.h) are those of the same ids in the shards (host/games/shard_file.h)."""

import json
import struct
import sys


def read(path):
    """Each tensor as a list of numbers."""
    data = open(path, "rb").read()
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__")
    letters = {"U8": "B", "U16": "H", "I16": "h", "I64": "q"}
    out = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        letter = letters[tensor["dtype"]]
        count = (end - begin) // struct.calcsize(letter)
        out[name] = struct.unpack_from(f"<{count}{letter}", data, 8 + size + begin)
    return out


def replay_games(path):
    """Of each game its rounds: (players, cards), the deal, the actions, plies and visits."""
    file = read(path)
    for begin in file["offset"][:-1]:
        words = file["words"][begin:]
        game = words[0] | words[1] << 16 | words[2] << 32 | words[3] << 48
        seats, at, rounds = words[6], 8, []
        for _ in range(words[5]):
            cards, deal = words[at], words[at + 4 : at + 4 + seats * words[at]]
            at += 4 + len(deal)
            actions = words[at : at + seats + seats * cards]
            at += len(actions) + seats
            plies, visits = [], []
            searched, at = words[at], at + 1
            for _ in range(searched):
                plies.append(words[at])
                visits += words[at + 2 : at + 2 + words[at + 1]]
                at += 2 + words[at + 1]
            rounds.append(((seats, cards), list(deal), list(actions), plies, visits))
        yield game, rounds


def shard_game(s, i):
    """The same of game i of a shard."""
    rounds = []
    for r in range(s["game_round_offset"][i], s["game_round_offset"][i + 1]):
        part = lambda name, of: list(s[name][s[of][r] : s[of][r + 1]])
        first, end = s["decision_offset"][r], s["decision_offset"][r + 1]
        visits = s["visits"][s["visit_offset"][first] : s["visit_offset"][end]]
        rounds.append(
            (
                (s["players"][r], s["cards"][r]),
                part("deal", "deal_offset"),
                part("action", "action_offset"),
                list(s["decision_ply"][first:end]),
                list(visits),
            )
        )
    return rounds


played = {}
for path in sys.argv[2:]:
    shard = read(path)
    played.update({game: (shard, i) for i, game in enumerate(shard["game_id"])})
games = list(replay_games(sys.argv[1]))
same = [game in played and shard_game(*played[game]) == rounds for game, rounds in games]
sys.exit(not same or not all(same))
