-- The requests to $model that were begun at $since or later, oldest first.
SELECT asked_at, ended_at, coalesce(input_tokens + output_tokens, reserved)
FROM model_requests LEFT JOIN model_answers USING (request)
WHERE model = $model AND asked_at >= $since
ORDER BY model_requests.seq
