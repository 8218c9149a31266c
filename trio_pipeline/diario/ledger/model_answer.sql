-- What $model has answered to a question, if it has; the first answer, should there be two.
SELECT ended_with, reason, text, input_tokens, output_tokens
FROM model_requests JOIN model_answers USING (request)
WHERE model = $model AND prompt = $prompt AND text_hash = $text_hash AND ended_with IS NOT NULL
ORDER BY model_answers.seq
LIMIT 1
