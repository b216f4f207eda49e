select metric, scope, value, shown, definition
from pipeline_metrics
where scope = 'all'
order by metric
