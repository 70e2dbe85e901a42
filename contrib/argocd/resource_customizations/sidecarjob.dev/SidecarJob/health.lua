local hs = {}

-- The status describes an older spec, or no controller has written one yet. A deletion raises the generation too: Argo CD
-- still asks how a hook has ended that its TTL deletes.
local is_described = obj.status ~= nil and
  (obj.status.observedGeneration == obj.metadata.generation or obj.metadata.deletionTimestamp ~= nil)
if not is_described then
  hs.status = "Progressing"
  hs.message = "Waiting for the controller"
  return hs
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.status == "True" then
    conditions[condition.type] = condition
  end
end

-- A run that is Stalled and Reconciling goes on trying: the API server rejects what the run needs.
if conditions["Reconciling"] == nil then
  for _, case in ipairs({
    {"Complete", "Healthy"},
    {"Failed", "Degraded"},
    {"Stalled", "Degraded"},
    {"Suspended", "Suspended"},
  }) do
    local condition = conditions[case[1]]
    if condition ~= nil then
      hs.status = case[2]
      hs.message = condition.message
      return hs
    end
  end
end

local delay = conditions["Stalled"] or conditions["Waiting"]
hs.status = "Progressing"
hs.message = obj.status.phase .. ", " .. obj.status.completions .. " succeeded"
if delay ~= nil then
  hs.message = delay.message
end
return hs
