"""What is stored, as pandas frames: costs by model, slow traces, SQL.

pip install spanglass pandas pyarrow
spanglass demo                       # something to ask about
python examples/query_frames.py
"""

from spanglass import query

costs = query.measure("cost_usd", "calls", "error_ratio", group_by="model", start="7d", compare=True)
print(costs)

hourly = query.measure("latency_p95_seconds", group_by="model", interval="1h", start="24h")
print(hourly.pivot_table(index="bucket", columns="group", values="latency_p95_seconds"))

slow = query.traces(start="24h", order="duration", limit=10)
print(slow[["start_time", "name", "duration_seconds", "cost_usd", "models"]])

errors = query.spans(start="24h", status="error", excluded={"environment": ["test"]}, limit=None)
print(errors.groupby(["name", "error_type"]).size())

tools = query.sql(
    "SELECT name, count() AS calls, quantile(0.95)(duration_ns) / 1e9 AS p95_seconds "
    "FROM spans WHERE kind = {kind:String} AND start_time > now() - INTERVAL 1 DAY GROUP BY name ORDER BY calls DESC",
    kind="tool",
)
print(tools)
