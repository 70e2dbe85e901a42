local hs = {}

-- The status describes an older spec, or no controller has written one yet.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  hs.status = "Progressing"
  hs.message = "Waiting for the controller"
  return hs
end

-- The schedule is invalid, or the API server rejects its runs.
for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.type == "Stalled" and condition.status == "True" then
    hs.status = "Degraded"
    hs.message = condition.message
    return hs
  end
end

-- Healthy, as a suspended CronJob: an Application with a Suspended resource would not be healthy itself.
if obj.spec.suspend then
  hs.status = "Healthy"
  hs.message = "Suspended"
  return hs
end

if obj.status.lastResult == "Failed" then
  hs.status = "Degraded"
  hs.message = "The last run failed"
  return hs
end

hs.status = "Healthy"
if obj.status.next ~= nil then
  hs.message = "Next run: " .. obj.status.next
else
  hs.message = "Scheduled"
end
return hs
