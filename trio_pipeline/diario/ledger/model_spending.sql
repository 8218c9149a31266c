-- Tokens that all requests to models have cost; of one whose end nobody knows, what it may have cost at most.
SELECT coalesce(sum(coalesce(input_tokens + output_tokens, reserved)), 0)::BIGINT
FROM model_requests LEFT JOIN model_answers USING (request)
