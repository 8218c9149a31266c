SELECT diario_id, life, target
FROM lives
WHERE state IN ('failed', 'rejected')
    AND (len($ids::VARCHAR[]) = 0 OR list_contains($ids::VARCHAR[], diario_id))
    AND ($stage::VARCHAR IS NULL OR life = $stage::VARCHAR)
ORDER BY diario_id, life, target
