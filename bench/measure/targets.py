"""How a result stands to what was set out in the design: at least so many times cheaper than the Collector, at most so much memory."""

# case: (firm: times less CPU than the Collector, aim: times less, aim: ns an item)
CPU_TARGETS = {"grpc": (8, 10, 350), "grpc-gzip": (6, 10, 1200)}

# what: (firm, aim) in MiB
IDLE_MIB = (12, 8)
SATURATED_MIB = (100, 60)
STALLED_OVER_LIMIT_MIB = 20


def verdict(is_aim, is_firm):
    return "aim reached" if is_aim else "firm reached" if is_firm else "MISSED"


def cpu_line(case, ours, peers):
    """A line about one case: our CPU and memory against every peer's, and the target if there is one."""
    mine = ours["cpu_ns_per_item"]
    ratios = {peer["system"]: peer["cpu_ns_per_item"] / mine for peer in peers if peer.get("cpu_ns_per_item")}
    if not ratios or not mine:
        return None
    text = f"{case:<26}" + "".join(f"  {ratio:5.1f}× less CPU than {name}" for name, ratio in ratios.items())
    if case in CPU_TARGETS and "otelcol" in ratios:
        firm, aim, aim_ns = CPU_TARGETS[case]
        is_aim = ratios["otelcol"] >= aim and mine <= aim_ns
        text += f"   [{verdict(is_aim, ratios['otelcol'] >= firm)}: firm {firm}×, aim {aim}× and ≤ {aim_ns} ns; {mine:.0f} ns]"
    return text


def memory_line(what, mib, firm, aim):
    return f"{what:<26}  {mib:5.1f} MiB   [{verdict(mib <= aim, mib <= firm)}: firm ≤ {firm:g}, aim ≤ {aim:g}]"
