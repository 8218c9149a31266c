-- A reset is a later event of the life, and ends this.
SELECT events.diario_id, events.happened_at
FROM lives JOIN events ON events.seq = lives.seq
WHERE lives.life = 'archive' AND lives.target = $archive AND lives.state = 'rejected'
    AND (events.detail ->> 'spam') = 'true'
ORDER BY events.seq
LIMIT 1
