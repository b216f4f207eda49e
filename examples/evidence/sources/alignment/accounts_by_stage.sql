select s.stage, t.tier, count(*) as accounts
from account_stages s
left join account_tiers t using (account_id)
group by all
order by accounts desc
