select a.name, a.country, t.tier, s.engagement_points, m.latest_at, m.mqa_reason
from account_mqa_statuses m
join accounts a using (account_id)
left join account_tiers t using (account_id)
left join account_scores s using (account_id)
where m.is_mqa
order by m.latest_at desc
