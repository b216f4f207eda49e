select
    date_trunc('week', due_at) as week,
    policy,
    count(*) filter (where state = 'met') as met,
    count(*) filter (where state in ('met', 'met_late', 'breached')) as due
from sla_clocks
where due_at is not null
group by all
order by week
