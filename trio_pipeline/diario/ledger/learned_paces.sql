SELECT hosts, (learned ->> 'interval')::DOUBLE AS interval, (learned ->> 'blocked_interval')::DOUBLE AS blocked_interval
FROM (SELECT hosts, arg_max(learned, seq) AS learned FROM paces GROUP BY hosts)
ORDER BY hosts
