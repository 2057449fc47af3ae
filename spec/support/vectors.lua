-- Reads the tables of spec/vectors: lines of cells between tabs, `#` begins a comment.

local vectors = {}

function vectors.read(name)
  local rows = {}
  for line in io.lines("spec/vectors/" .. name) do
    if line:sub(1, 1) ~= "#" then
      local cells = {}
      for cell in (line .. "\t"):gmatch("(.-)\t") do
        cells[#cells + 1] = cell
      end
      rows[#rows + 1] = cells
    end
  end
  assert(#rows > 0, name .. " is empty")
  return rows
end

return vectors
