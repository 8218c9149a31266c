-- Supplements share the number of their edition. An id is made of date and number, so that no later word changes these.
SELECT tribunal, year(date) AS year, number, min(date) AS date
FROM gazettes
GROUP BY ALL
ORDER BY ALL
